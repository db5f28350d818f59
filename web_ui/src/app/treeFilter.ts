/** What the box above the module tree leaves standing: by its own name, or another that people use for it, as Ctrl+K has them. */
import type { ModuleInfo } from '@/api/types'
import { distance, labelMatches } from '@/composables/pinyin'

export type Names = NonNullable<ModuleInfo['names']>

/** the closest of the names that are meant by what was typed */
export function meantName(names: Names | undefined, typed: string): Names[number] | undefined {
  const want = typed.trim().toLowerCase()
  return names?.filter((name) => labelMatches(name.text, typed) || name.initials.includes(want) || name.pinyin.startsWith(want))
    .sort((a, b) => distance(a.text, typed) - distance(b.text, typed))[0]
}

export interface Named { label: string; names?: Names | undefined; /** the other name it was found by */ by?: string }

export function hits<T extends Named>(all: T[], typed: string): T[] {
  if (!typed.trim()) return all
  return all.flatMap((one): T[] => {
    if (labelMatches(one.label, typed)) return [one]
    const name = meantName(one.names, typed)
    return name ? [name.text === one.label ? one : { ...one, by: name.text }] : []
  })
}
