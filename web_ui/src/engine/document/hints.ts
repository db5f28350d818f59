/** What stays said of a line: an answer speaks of what was typed last, but a price that was kept stands as long as nobody touches it. Pure. */
import type { DocumentHint, Value } from '../../api/types'
import { same } from '../../fields/shared/editor'
import { indexOf, type Sheet } from './sheet'

/** what is said of the line of a key, as long as these are its values */
export interface Lasting { readonly key: string; readonly hint: DocumentHint; readonly while: Readonly<Record<string, Value | undefined>> }

/** With what an answer says of the sheet that it was asked about. */
export function withLasting(before: readonly Lasting[], hints: readonly DocumentHint[], asked: Sheet): Lasting[] {
  const found = hints.flatMap((hint): Lasting[] => {
    const line = typeof hint.line === 'number' ? asked.lines[hint.line] : undefined
    return line && hint.until?.length ? [{ key: line.key, hint, while: Object.fromEntries(hint.until.map((name) => [name, line.values[name]])) }] : []
  })
  return [...before.filter((one) => !found.some((other) => other.key === one.key && other.hint.field === one.hint.field)), ...found]
}

/** what was never ticked is the same as what is not */
const plain = (value: Value | undefined): Value => (value === undefined || value === false || value === '' ? null : value)

/** What still holds: once a value is another one, it is over. */
export function stillLasting(before: readonly Lasting[], sheet: Sheet): Lasting[] {
  return before.filter((one) => {
    const line = sheet.lines[indexOf(sheet, one.key)]
    return !!line && Object.entries(one.while).every(([name, value]) => same(plain(line.values[name]), plain(value)))
  })
}

/** All that is said of a sheet as it stands. */
export function shownHints(hints: readonly DocumentHint[], lasting: readonly Lasting[], sheet: Sheet): DocumentHint[] {
  return [...hints.filter((hint) => !hint.until?.length), ...lasting.map((one) => ({ ...one.hint, line: indexOf(sheet, one.key) }))]
}
