/**
 * A role while it is edited: what ticking does, and what was changed. Pure; the server says the same again
 * (desktop/rights.py), as another machine's boxes may meet ours.
 */
import type { Right } from '@/api/types'

export const RIGHTS: Right[] = ['view', 'add', 'edit', 'delete', 'post', 'cancel', 'approve', 'import', 'export', 'print']

/** a module as a row of the matrix */
export interface RightsRow {
  name: string
  label: string
  /** what the module has at all */
  actions: Right[]
  /** who sees a row: of `owner`, `department` and `branch` modules the role decides, `follow` ones are seen with others */
  scope: 'company' | 'branch' | 'department' | 'owner' | 'follow'
  /** the special right that writing needs beside the box */
  needs: string | null
  /** the special right without which the boxes do nothing */
  opens: string | null
  follows: string[]
}
export interface RightsChapter { name: string; label: string; modules: RightsRow[] }
export interface SpecialRight { name: string; label: string; text: string }
export interface Grant { actions: Right[]; data_scope: string | null }

export interface Role {
  id: string
  name: string
  is_system: boolean
  all_rights: boolean
  data_scope: string
  hide_prices: boolean
  rights: Record<string, Grant>
  specials: string[]
  operators: string[]
}
export interface Editor { chapters: RightsChapter[]; specials: SpecialRight[]; scopes: { value: string; label: string }[]; roles: Role[] }

/** what is sent: only what was changed */
export interface RoleChange {
  values: Record<string, string | boolean>
  boxes: Record<string, Partial<Record<Right, boolean>>>
  scopes: Record<string, string | null>
  specials: Record<string, boolean>
}

export interface Summary {
  roles: string[]
  everything: boolean
  no_prices: boolean
  modules: { module: string; chapter: string; label: string; actions: { label: string; from: string[] }[]; scope: RightsRow['scope']; data_scope: string }[]
  specials: { label: string; text: string; from: string[] }[]
}

export const NEW = ''
export function newRole(name: string): Role {
  return { id: NEW, name, is_system: false, all_rights: false, data_scope: 'own', hide_prices: false, rights: {}, specials: [], operators: [] }
}
/** everything of another role but its name and its people; of 管理员 all that can be ticked */
export function copyOf(role: Role, name: string, editor: Editor): Role {
  const every = editor.chapters.flatMap((chapter) => chapter.modules)
  const rights = role.all_rights ? Object.fromEntries(every.map((row) => [row.name, { actions: row.actions, data_scope: null }])) : role.rights
  return { ...role, id: NEW, name, is_system: false, all_rights: false, operators: [], rights: clone(rights), specials: role.all_rights ? editor.specials.map((s) => s.name) : [...role.specials] }
}
function clone(rights: Record<string, Grant>): Record<string, Grant> {
  return Object.fromEntries(Object.entries(rights).map(([name, grant]) => [name, { actions: [...grant.actions], data_scope: grant.data_scope }]))
}

export function isTicked(role: Role, row: RightsRow, right: Right): boolean {
  return role.all_rights ? row.actions.includes(right) : (role.rights[row.name]?.actions.includes(right) ?? false)
}
/** Ticks boxes of several rows at once: every action brings 查看 along, and without 查看 nothing is left. */
export function tick(role: Role, rows: RightsRow[], rights: Right[], on: boolean): Role {
  const next = clone(role.rights)
  for (const row of rows) {
    const offered = rights.filter((right) => row.actions.includes(right))
    if (!offered.length) continue
    const grant = next[row.name] ?? { actions: [], data_scope: null }
    const ticked = new Set(grant.actions)
    for (const right of offered) {
      if (on) ticked.add(right)
      else ticked.delete(right)
    }
    if (on) ticked.add('view')
    const left = ticked.has('view') ? RIGHTS.filter((right) => ticked.has(right)) : []
    next[row.name] = { ...grant, actions: left }
  }
  return { ...role, rights: next }
}
/** of all boxes of some rows and actions: all ticked, none, or some; null where there are none */
export function tickedOf(role: Role, rows: RightsRow[], rights: Right[]): boolean | 'mixed' | null {
  const boxes = rows.flatMap((row) => rights.filter((right) => row.actions.includes(right)).map((right) => isTicked(role, row, right)))
  if (!boxes.length) return null
  const on = boxes.filter(Boolean).length
  return on === boxes.length ? true : on ? 'mixed' : false
}
export function setScope(role: Role, row: RightsRow, scope: string | null): Role {
  const grant = role.rights[row.name] ?? { actions: [], data_scope: null }
  return { ...role, rights: { ...role.rights, [row.name]: { ...grant, data_scope: scope } } }
}
export function setSpecial(role: Role, special: string, on: boolean): Role {
  return { ...role, specials: on ? [...role.specials, special] : role.specials.filter((one) => one !== special) }
}

/** What `now` changes of `before`; nothing at all is null. */
export function changeOf(before: Role, now: Role): RoleChange | null {
  const change: RoleChange = { values: {}, boxes: {}, scopes: {}, specials: {} }
  if (before.name !== now.name || now.id === NEW) change.values.name = now.name
  if (before.data_scope !== now.data_scope || now.id === NEW) change.values.data_scope = now.data_scope
  if (before.hide_prices !== now.hide_prices) change.values.hide_prices = now.hide_prices
  for (const module of new Set([...Object.keys(before.rights), ...Object.keys(now.rights)])) {
    const [old, fresh] = [before.rights[module], now.rights[module]]
    const boxes = RIGHTS.filter((right) => (old?.actions.includes(right) ?? false) !== (fresh?.actions.includes(right) ?? false))
    if (boxes.length) change.boxes[module] = Object.fromEntries(boxes.map((right) => [right, fresh?.actions.includes(right) ?? false]))
    if ((old?.data_scope ?? null) !== (fresh?.data_scope ?? null) && fresh) change.scopes[module] = fresh.data_scope
  }
  for (const special of new Set([...before.specials, ...now.specials])) {
    if (before.specials.includes(special) !== now.specials.includes(special)) change.specials[special] = now.specials.includes(special)
  }
  const parts = [change.values, change.boxes, change.scopes, change.specials]
  return parts.some((part) => Object.keys(part).length) ? change : null
}
/** Whether anything was typed or ticked since a new role was begun; boxes that went back do not count. */
export function isTouched(begun: Role | null, now: Role | null): boolean {
  const asStored = (role: Role): Role => ({ ...role, id: 'begun' })
  return !!begun && !!now && changeOf(asStored(begun), asStored(now)) !== null
}
/** The same changes over a role that somebody else saved meanwhile: what was not touched here follows him. */
export function applied(role: Role, change: RoleChange, rows: RightsRow[]): Role {
  let next: Role = { ...role, ...change.values }
  for (const row of rows) {
    const boxes = change.boxes[row.name] ?? {}
    for (const on of [true, false]) next = tick(next, [row], RIGHTS.filter((right) => boxes[right] === on), on)
    if (row.name in change.scopes) next = setScope(next, row, change.scopes[row.name] ?? null)
  }
  for (const [special, on] of Object.entries(change.specials)) next = setSpecial(setSpecial(next, special, false), special, on)
  return next
}
/** how many modules differ */
export function changedModules(change: RoleChange | null): Set<string> {
  return new Set(change ? [...Object.keys(change.boxes), ...Object.keys(change.scopes)] : [])
}

export type Hint = { kind: 'special'; special: string } | { kind: 'follows'; modules: string[] } | null
/** why boxes that are ticked do not work yet */
export function hintOf(role: Role, row: RightsRow): Hint {
  const actions = role.rights[row.name]?.actions ?? []
  if (role.all_rights || !actions.length) return null
  if (row.follows.length && !row.follows.some((module) => role.rights[module]?.actions.includes('view'))) return { kind: 'follows', modules: row.follows }
  if (row.opens && !role.specials.includes(row.opens)) return { kind: 'special', special: row.opens }
  const writes = actions.some((right) => ['add', 'edit', 'delete', 'import'].includes(right))
  return writes && row.needs && !role.specials.includes(row.needs) ? { kind: 'special', special: row.needs } : null
}
