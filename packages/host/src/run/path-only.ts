/** Linux's O_PATH, for which Node has no name: opens a file neither to read nor to write, as a handle on what it is now. */
export const pathOnly = 0o10000000
