export const engine: Record<string, string> = {}
