/** What is decided and what is about to be. Only what was changed here is sent. Pure. */
import type { FieldInfo, Value } from '@/api/types'
import { labelMatches } from '@/composables/pinyin'
import { same } from '@/fields/shared/editor'

export interface Setting {
  key: string
  field: FieldInfo
  value: Value
  is_default: boolean
  /** what holds here while nobody decides it here, in words, too */
  above: Value
  default_words: string
  /** whose decision that is: 默认, 全公司 */
  comes_from: string
  /** branches that decided otherwise for themselves */
  narrower: { at: string; label: string; words: string }[]
  /** why it can no longer be changed; '' while it can */
  stays: string
  /** when and by whom it was changed last */
  at: string | null
  by: string
}
export interface Group { label: string; settings: Setting[] }
/** For whom something may be decided: `company`, or a branch. */
export interface Place { at: string; label: string }
export interface Page { groups: Group[]; places: Place[]; at: string; may_change: boolean }
export const COMPANY = 'company'
export interface Past { at: string; by: string; machine: string; before: string; after: string }
export interface Change { values: Record<string, Value>; defaults: string[] }

/** What somebody made of a setting: a value, or what ships. */
export interface Edit { value: Value; isDefault: boolean }
export type Edits = Record<string, Edit>

export function edited(edits: Edits, setting: Setting, edit: Edit): Edits {
  const rest = { ...edits }
  delete rest[setting.key]
  const isAsStored = same(edit.value, setting.value) && edit.isDefault === setting.is_default
  return isAsStored ? rest : { ...rest, [setting.key]: edit }
}
/** Typing what ships leaves it as it ships. */
export function typed(setting: Setting, value: Value): Edit {
  return { value, isDefault: setting.is_default && same(value, setting.value) }
}
export const shipped = (setting: Setting): Edit => ({ value: setting.above, isDefault: true })

export function changeOf(edits: Edits): Change {
  const entries = Object.entries(edits)
  return {
    values: Object.fromEntries(entries.filter(([, edit]) => !edit.isDefault).map(([key, edit]) => [key, edit.value])),
    defaults: entries.filter(([, edit]) => edit.isDefault).map(([key]) => key),
  }
}

/** What was typed while `sent` was being saved. */
export const typedSince = (edits: Edits, sent: Edits): Edits => Object.fromEntries(Object.entries(edits).filter(([key, edit]) => edit !== sent[key]))

/** The settings that a search means, by label, initials or what they are for; and those of one group where nothing is searched. */
export function shownGroups(groups: Group[], search: string, group: string): Group[] {
  const want = search.trim().toLowerCase()
  if (!want) return group ? groups.filter((one) => one.label === group) : groups
  return groups.flatMap((one) => {
    const found = one.settings.filter(({ field }) => labelMatches(field.label, want) || field.help.toLowerCase().includes(want) || labelMatches(one.label, want))
    return found.length ? [{ ...one, settings: found }] : []
  })
}
