import { describe, expect, it } from 'vitest'
import { applied, changeOf, copyOf, hintOf, isTouched, newRole, RIGHTS, setScope, setSpecial, tick, tickedOf, type Editor, type RightsRow, type Role } from './model'

const row = (name: string, more: Partial<RightsRow> = {}): RightsRow => ({ name, label: name, actions: RIGHTS, scope: 'owner', needs: null, opens: null, follows: [], ...more })
const customer = row('customer')
const contact = row('contact', { scope: 'follow', follows: ['customer'] })
const tag = row('tag', { scope: 'company', needs: 'settings' })
const profile = row('profile', { actions: ['view', 'edit', 'export', 'print'] })
const rows = [customer, contact, tag, profile]
const editor: Editor = { chapters: [{ name: 'a', label: 'A', modules: rows }], specials: [{ name: 'settings', label: 'S', text: 'S' }], scopes: [], roles: [] }
const stored: Role = { ...newRole('内勤'), id: 'r1', rights: { customer: { actions: ['view', 'edit'], data_scope: null } }, specials: ['unmask'] }
const actions = (role: Role, name: string): string => (role.rights[name]?.actions ?? []).join(' ')

describe('ticking', () => {
  it('brings 查看 along with every action', () => {
    expect(actions(tick(stored, [contact], ['delete'], true), 'contact')).toBe('view delete')
  })
  it('leaves nothing without 查看', () => {
    expect(actions(tick(stored, [customer], ['view'], false), 'customer')).toBe('')
    expect(actions(tick(stored, [customer], ['edit'], false), 'customer')).toBe('view')
  })
  it('takes rows, columns and chapters, but only what a module has', () => {
    const all = tick(stored, rows, RIGHTS, true)
    expect(actions(all, 'profile')).toBe('view edit export print')
    expect(tickedOf(all, rows, RIGHTS)).toBe(true)
    expect(tickedOf(stored, [customer], RIGHTS)).toBe('mixed')
    expect(tickedOf(stored, rows, ['delete'])).toBe(false)
    expect(tickedOf(stored, [profile], ['delete'])).toBe(null)
    expect(actions(tick(stored, [profile], ['delete'], true), 'profile')).toBe('')
  })
})

describe('what was changed', () => {
  it('is nothing when a box goes back', () => {
    expect(changeOf(stored, tick(tick(stored, [customer], ['print'], true), [customer], ['print'], false))).toBe(null)
    expect(changeOf(stored, setScope(stored, tag, null))).toBe(null)
  })
  it('names only the boxes that differ', () => {
    const now = setSpecial(setScope(tick(stored, [customer], ['view'], false), contact, 'all'), 'unmask', false)
    expect(changeOf(stored, now)).toEqual({ values: {}, boxes: { customer: { view: false, edit: false } }, scopes: { contact: 'all' }, specials: { unmask: false } })
  })
  it('of a new role is all of it', () => {
    const now = tick(newRole('新'), [tag], ['view'], true)
    expect(changeOf(newRole('新'), now)).toEqual({ values: { name: '新', data_scope: 'own' }, boxes: { tag: { view: true } }, scopes: {}, specials: {} })
  })
  it('of a new role counts from how it was begun: untouched, it is never asked about', () => {
    const empty = newRole(''), copy = copyOf(stored, '内勤 副本', editor)
    expect([isTouched(empty, empty), isTouched(copy, copy), isTouched(null, null)]).toEqual([false, false, false])
    expect(isTouched(empty, tick(tick(empty, [customer], ['view'], true), [customer], ['view'], false))).toBe(false)
    expect([isTouched(empty, { ...empty, name: '新' }), isTouched(copy, tick(copy, [tag], ['view'], true))]).toEqual([true, true])
  })
  it('lies over what somebody else saved meanwhile', () => {
    const change = changeOf(stored, { ...tick(stored, [customer], ['delete'], true), hide_prices: true })
    const theirs = tick(tick(stored, [customer], ['print'], true), [tag], ['view'], true)
    const both = applied(theirs, change!, rows)
    expect(actions(both, 'customer')).toBe('view edit delete print')
    expect(actions(both, 'tag')).toBe('view')
    expect(both.hide_prices).toBe(true)
  })
})

describe('a copy', () => {
  it('has the boxes but neither name nor people', () => {
    const copy = copyOf({ ...stored, operators: ['周敏'], is_system: true }, '内勤 副本', editor)
    expect(copy).toMatchObject({ id: '', name: '内勤 副本', is_system: false, operators: [], specials: ['unmask'] })
    expect(actions(copy, 'customer')).toBe('view edit')
  })
  it('of the administrators ticks all there is', () => {
    const copy = copyOf({ ...stored, all_rights: true, rights: {} }, '副本', editor)
    expect(tickedOf(copy, rows, RIGHTS)).toBe(true)
    expect(copy).toMatchObject({ all_rights: false, specials: ['settings'] })
  })
})

describe('a hint', () => {
  it('says what else is needed', () => {
    expect(hintOf(tick(newRole(''), [contact], ['view'], true), contact)).toEqual({ kind: 'follows', modules: ['customer'] })
    expect(hintOf(tick(stored, [contact], ['view'], true), contact)).toBe(null)
    expect(hintOf(tick(stored, [tag], ['edit'], true), tag)).toEqual({ kind: 'special', special: 'settings' })
    expect(hintOf(setSpecial(tick(stored, [tag], ['edit'], true), 'settings', true), tag)).toBe(null)
    expect(hintOf(stored, tag)).toBe(null)
    const offers = row('offers', { scope: 'company', opens: 'see_prices' })
    expect(hintOf(tick(stored, [offers], ['view'], true), offers)).toEqual({ kind: 'special', special: 'see_prices' })
    expect(hintOf(setSpecial(tick(stored, [offers], ['view'], true), 'see_prices', true), offers)).toBe(null)
  })
})
