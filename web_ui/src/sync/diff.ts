/** What differs between two texts: Chinese by the character, other words whole. Pure. */
export interface Piece { text: string; isNew: boolean }

const TOKEN = /\p{Script=Han}|[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}\s]/gu
/** cells of the table below: more would be felt while typing elsewhere */
const CELLS_MAX = 4_000_000

function tokens(text: string): string[] {
  return text.match(TOKEN) ?? []
}

/** `text` in pieces: those that `before` does not have in this order are new. */
export function differences(before: string, text: string): Piece[] {
  const a = tokens(before)
  const b = tokens(text)
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++
  const kept = inCommon(a.slice(head, a.length - tail), b.slice(head, b.length - tail))
  return joined(b, slid(b, b.map((_, at) => at >= head && at < b.length - tail && !kept.has(at - head))))
}

/** 「。第二句」 new before 「。」 says the same as 「第二句。」 new behind it, and reads better: every run goes as far down as it can. */
function slid(all: string[], isNew: boolean[]): boolean[] {
  const marks = [...isNew]
  for (let end = marks.length - 1; end > 0; end--) {
    if (marks[end] || !marks[end - 1]) continue
    let start = end - 1
    while (start > 0 && marks[start - 1]) start--
    for (let to = end; to < all.length && !marks[to] && all[start] === all[to]; to++) {
      marks[start++] = false
      marks[to] = true
    }
  }
  return marks
}

/** places in `b` of the longest common run of tokens */
function inCommon(a: string[], b: string[]): Set<number> {
  const kept = new Set<number>()
  const width = b.length + 1
  if ((a.length + 1) * width > CELLS_MAX) return kept
  const longest = new Uint32Array((a.length + 1) * width)
  const at = (i: number, j: number): number => longest[i * width + j] ?? 0
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) longest[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  }
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) { kept.add(j); i++; j++ } else if (at(i + 1, j) >= at(i, j + 1)) i++
    else j++
  }
  return kept
}

function joined(all: string[], isNew: boolean[]): Piece[] {
  const pieces: Piece[] = []
  all.forEach((text, i) => {
    const last = pieces[pieces.length - 1]
    const mark = !!isNew[i]
    if (last && last.isNew === mark) last.text += text
    else pieces.push({ text, isNew: mark })
  })
  return pieces
}
