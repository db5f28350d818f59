// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { questionNow } from '@/ui/confirm'
import { useForms } from './forms'
import { tabOf, useTabs } from './tabs'

const sent: { path: string; body: unknown }[] = []
let kept: unknown = null
beforeEach(() => {
  sent.length = 0
  kept = null
  setActivePinia(createPinia())
  vi.stubGlobal('fetch', vi.fn((path: string, init: RequestInit) => {
    if (init.method !== 'GET') sent.push({ path, body: JSON.parse(String(init.body ?? 'null')) as unknown })
    return Promise.resolve(new Response(JSON.stringify({ value: kept }), { status: 200 }))
  }))
})
function form(id: string, tab: string): { save: ReturnType<typeof vi.fn>; discard: ReturnType<typeof vi.fn> } {
  const acts = { save: vi.fn(() => Promise.resolve(true)), discard: vi.fn() }
  useForms().setDirty({ id, tab, what: `客户「${id}」`, ...acts })
  return acts
}

describe('page tabs', () => {
  it('are addresses; what is none is refused', () => {
    expect(tabOf('/m/customer?x=1')).toMatchObject({ id: '/m/customer', kind: 'list', name: 'customer' })
    expect(tabOf('/help/customer')).toMatchObject({ id: '/help', kind: 'help', name: 'customer' })
    expect(tabOf('/sync/conflicts')).toMatchObject({ id: '/sync', path: '/sync/conflicts', kind: 'sync', name: 'conflicts' })
    expect(tabOf('/')).toMatchObject({ kind: 'start' })
    expect(tabOf('/print/sale')).toMatchObject({ id: '/print/sale', kind: 'print', name: 'sale' })
    expect(tabOf('/print/sale/document')).toMatchObject({ id: '/print/sale/document', kind: 'print', name: 'sale' })
    expect(tabOf('/what')).toBeNull()
  })
  it('open once, and pass every request on', () => {
    const tabs = useTabs()
    tabs.openList('customer', { open: '1' })
    tabs.openList('contact')
    tabs.openList('customer', { open: '1' })
    expect(tabs.tabs.map((tab) => tab.id)).toEqual(['/start', '/m/customer', '/m/contact'])
    expect(tabs.active).toMatchObject({ id: '/m/customer', request: { open: '1', n: 2 } })
  })
  it('close to the neighbour; the start page stays', async () => {
    const tabs = useTabs()
    tabs.openList('customer')
    tabs.openList('contact')
    tabs.activeId = '/m/customer'
    expect(await tabs.close('/m/customer')).toBe(true)
    expect(tabs.activeId).toBe('/m/contact')
    await tabs.close('/m/contact')
    expect(await tabs.close('/start')).toBe(false)
    expect(tabs.activeId).toBe('/start')
  })
  it('close to where the user was', async () => {
    const tabs = useTabs()
    for (const module of ['customer', 'contact', 'supplier']) tabs.openList(module)
    tabs.activeId = '/m/customer'
    tabs.show('/help/customer')
    await tabs.close('/help')
    expect(tabs.activeId).toBe('/m/customer')
  })
  it('come back as they were left, without what may no longer be seen, or knows no more what it was for', async () => {
    kept = { open: ['/start', '/m/customer', '/m/secret', '/import/customer', '/print/customer', '/help/customer'], active: '/m/customer' }
    const tabs = useTabs()
    await tabs.restore((tab) => tab.name !== 'secret')
    expect(tabs.tabs.map((tab) => tab.id)).toEqual(['/start', '/m/customer', '/help'])
    expect(tabs.activeId).toBe('/m/customer')
    tabs.step(1)
    await nextTick()
    expect(sent.at(-1)).toEqual({ path: '/api/state/tabs', body: { value: { open: ['/start', '/m/customer', '/help/customer'], active: '/help' } } })
  })
})

it('a list comes back with the part of it that was shown, by its name, until it is shown as a whole', async () => {
  kept = { open: ['/start', '/m/stock_entry/opening'], active: '/m/stock_entry' }
  const tabs = useTabs()
  await tabs.restore(() => true)
  expect(tabs.active).toMatchObject({ id: '/m/stock_entry', path: '/m/stock_entry', name: 'stock_entry', part: 'opening' })
  const open = async (): Promise<unknown> => { await nextTick(); return (sent.at(-1)?.body as { value: { open: string[] } }).value.open }
  tabs.openList('customer')
  expect(await open()).toEqual(['/start', '/m/stock_entry/opening', '/m/customer'])
  tabs.showsPart('/m/stock_entry', undefined)
  expect(await open()).toEqual(['/start', '/m/stock_entry', '/m/customer'])
  tabs.showsPart('/m/stock_entry', 'opening')
  expect(await open()).toEqual(['/start', '/m/stock_entry/opening', '/m/customer'])
})

describe('a tab with unsaved work', () => {
  it('asks before it closes, and stays when told to', async () => {
    const tabs = useTabs()
    tabs.openList('customer')
    const acts = form('昆山立源', '/m/customer')
    const closing = tabs.close('/m/customer')
    await nextTick()
    expect(questionNow.value?.title).toBe('客户「昆山立源」还没保存')
    questionNow.value?.answer('stay')
    expect(await closing).toBe(false)
    expect(acts.save).not.toHaveBeenCalled()
    expect(tabs.tabs).toHaveLength(2)
  })
  it('saves, or throws away, and closes', async () => {
    const tabs = useTabs()
    const forms = useForms()
    for (const answer of ['save', 'discard'] as const) {
      tabs.openList('customer')
      const acts = form('a', '/m/customer')
      const closing = tabs.close('/m/customer')
      await nextTick()
      questionNow.value?.answer(answer)
      expect(await closing).toBe(true)
      expect(acts[answer]).toHaveBeenCalledOnce()
      expect(forms.dirty).toEqual([])
    }
  })
  it('stays when saving fails', async () => {
    const tabs = useTabs()
    tabs.openList('customer')
    form('a', '/m/customer').save.mockResolvedValue(false)
    const closing = tabs.close('/m/customer')
    await nextTick()
    questionNow.value?.answer('save')
    expect(await closing).toBe(false)
  })
  it('is told to the window, so that its close button can ask', async () => {
    form('a', '/m/customer')
    await nextTick()
    expect(sent.at(-1)).toEqual({ path: '/api/desktop/dirty', body: { dirty: true, what: ['客户「a」'] } })
    useForms().setClean('a')
    await nextTick()
    expect(sent.at(-1)).toEqual({ path: '/api/desktop/dirty', body: { dirty: false, what: [] } })
  })
})
