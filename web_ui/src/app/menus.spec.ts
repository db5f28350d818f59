// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { expect, it } from 'vitest'
import type { Chapter, FieldInfo, ModuleInfo, Shortcut } from '@/api/types'
import { useModules } from '@/stores/modules'
import { useTabs } from '@/stores/tabs'
import { doublesOf } from './commands'
import { chapterEntries, openCommands } from './menus'

const module = (name: string): ModuleInfo => ({ name, label: name, icon: 'x', shortcuts: [] as Shortcut[], fields: [] as FieldInfo[] }) as ModuleInfo
const words = (chapter: Chapter, names: string[]): string[] =>
  chapterEntries(chapter, names.map(module)).map((entry) => (typeof entry === 'string' ? entry : 'heading' in entry ? `# ${entry.heading}` : String(entry.label)))

it('a long menu stands under its headings, as far as a person may see what is below them', () => {
  const chapter = { name: 'c', label: 'C', icon: 'x', sections: [{ label: '进', modules: ['a', 'b'] }, { label: '销', modules: ['d'] }, { label: '账', modules: ['e'] }] }
  expect(words(chapter, ['e', 'b', 'a'])).toEqual(['# 进', 'a', 'b', '# 账', 'e'])
  expect(words({ name: 'c', label: 'C', icon: 'x' }, ['b', 'a'])).toEqual(['b', 'a'])
})

it('a part of a list stands in the menu by its own name, where people look for it', () => {
  const chapter = { name: 'c', label: 'C', icon: 'x', sections: [{ label: '货', modules: ['goods'] }, { label: '期初', modules: ['goods:opening', 'money'] }] }
  const goods = { ...module('goods'), shortcuts: [{ name: 'opening', label: '期初库存', field: 'kind', value: 'opening' }] }
  const shown = (modules: ModuleInfo[]): string[] => chapterEntries(chapter, modules).map((entry) => (typeof entry === 'string' ? entry : 'heading' in entry ? `# ${entry.heading}` : String(entry.label)))
  expect(shown([module('money'), goods])).toEqual(['# 货', 'goods', '# 期初', '期初库存', 'money'])
  expect(shown([module('money')])).toEqual(['# 期初', 'money'])
})

it('a module opens as a whole after one of its shortcuts, and as it was left where it has none', async () => {
  setActivePinia(createPinia())
  const goods = { ...module('goods'), shortcuts: [{ name: 'opening', label: '期初库存', field: 'kind', value: 'opening' }] }
  const [whole, part] = openCommands(goods)
  const asked = (): unknown => useTabs().active.request
  await part?.run?.()
  expect(asked()).toMatchObject({ view: { filter: { and: [{ field: 'kind', op: 'eq', value: 'opening' }] } } })
  await whole?.run?.()
  expect(asked()).toMatchObject({ whole: true })
  await openCommands(module('money'))[0]?.run?.()
  expect([useTabs().active.path, asked()]).toEqual(['/m/money', undefined])
})

it('合并重复 opens on what one comes from, and otherwise as it was left', () => {
  setActivePinia(createPinia())
  useModules().byName = new Map([['product', { ...module('product'), mergeable: true }], ['sale', module('sale')]])
  const tabs = useTabs()
  expect(doublesOf()).toBe('/duplicates')
  tabs.openList('product')
  expect(doublesOf()).toBe('/duplicates/product')
  tabs.enter(doublesOf())
  tabs.openList('sale')
  expect(doublesOf()).toBe('/duplicates/product')
})
