import { writeFileSync } from 'node:fs'
import { openApiPath, renderOpenApi } from './check/openapi.ts'

writeFileSync(openApiPath, renderOpenApi(process.cwd()))
console.log(`wrote ${openApiPath}`)
