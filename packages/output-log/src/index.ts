export * from './open-log-folder.ts'
export * from './output-log.ts'
