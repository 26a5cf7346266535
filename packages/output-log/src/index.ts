export * from './output-log.ts'
