/** Lines that were changed by themselves, since something in the head is another: who wants them as they were puts them back. Pure. */
import type { DocumentHint, Value } from '../../api/types'
import { same } from '../../fields/shared/editor'
import type { Sheet, Values } from './sheet'

interface TurnedLine { readonly key: string; readonly before: Values; readonly after: Values }
export interface Turned { readonly text: string; readonly label: string; readonly lines: readonly TurnedLine[] }

const some = (values: Values, fields: readonly string[]): Values => Object.fromEntries(fields.filter((name) => name in values).map((name) => [name, values[name]]))
const stands = (values: Values, as: Values): boolean => Object.entries(as).every(([name, value]) => same(values[name], value))

/**
 * What an answer says of it, over what was said before: a line that was changed twice goes back to how it was at first.
 * `asked`: the sheet as the answer knows it; `next`: the sheet with the answer.
 */
export function turnedBy(before: Turned | null, hints: readonly DocumentHint[], asked: Sheet, next: Sheet): Turned | null {
  const hint = hints.find((one) => one.back)
  if (!hint?.back) return before
  const { label, lines, fields } = hint.back
  const found = new Map((before?.lines ?? []).map((one) => [one.key, one]))
  for (const place of lines) {
    const was = asked.lines[place], is = next.lines.find((line) => line.key === was?.key)
    if (!was || !is) continue
    const first = found.get(was.key)
    // what somebody typed in between is what it was
    const held = first && stands(was.values, first.after) ? first.before : some(was.values, fields)
    found.set(was.key, { key: was.key, before: held, after: some(is.values, fields) })
  }
  // gone to and come back: there is nothing to put back
  const others = [...found.values()].filter((one) => !stands(one.after, one.before))
  return others.length ? { text: hint.text, label, lines: others } : null
}

/** Choices under which the lines were kept as another one had priced them: to and fro between these nothing is asked again. */
export class KeptChoices {
  private readonly under = new Map<string, Set<string>>()

  keep(field: string, was: string | undefined, value: Value | undefined): void {
    this.under.set(field, new Set([...(this.under.get(field) ?? []), was ?? '', String(value ?? '')]))
  }
  has(field: string, was: string | undefined, value: Value | undefined): boolean {
    const known = this.under.get(field)
    return !!known?.has(was ?? '') && known.has(String(value ?? ''))
  }
  /** a line that is priced by now goes by what is chosen now */
  forget(): void { this.under.clear() }
}

/** The lines as they were; one that somebody changed since stays. */
export function putBack(sheet: Sheet, turned: Turned): Sheet {
  const of = new Map(turned.lines.map((one) => [one.key, one]))
  return {
    ...sheet,
    lines: sheet.lines.map((line) => {
      const one = of.get(line.key)
      return one && stands(line.values, one.after) ? { ...line, values: { ...line.values, ...one.before } } : line
    }),
  }
}
