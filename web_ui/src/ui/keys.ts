const WORDS: Record<string, string> = { Up: '↑', Down: '↓', Left: '←', Right: '→' }

/** Ctrl+Shift+F → Ctrl Shift F */
export function keyWords(keys: string): string {
  return keys.split(/\+(?=.)/).map((key) => WORDS[key] ?? key).join(' ')
}
