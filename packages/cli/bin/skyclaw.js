#!/usr/bin/env node
// Plain old JavaScript on purpose: a Node too old for the rest must still be able to read this file and say so.
var required = 24
var major = parseInt(process.versions.node, 10)

if (major < required) {
  process.stderr.write(
    'skyclaw needs Node.js ' +
      required +
      ' or newer, and this is ' +
      process.versions.node +
      ': see https://nodejs.org\n',
  )
  process.exit(1)
}

void import('../dist/main.js')
