// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { ModuleInfo } from '@/api/types'
import { registerCommands } from '@/composables/useCommands'
import { field } from '@/fields/info'
import { useModules } from '@/stores/modules'
import { useSettingNames } from '@/stores/settingNames'
import { useTabs } from '@/stores/tabs'
import { findPages } from './findable'

const module = (name: string, label: string, more: Partial<ModuleInfo> = {}): ModuleInfo =>
  ({ name, label, icon: 'x', chapter: 'c', in_menu: true, rights: ['view'], shortcuts: [], fields: [], tree: null, ...more }) as unknown as ModuleInfo
const options = [{ value: 'customer_level', label: '客户级别' }, { value: 'unit', label: '计量单位' }]

describe('what can be opened is found by name and initials', () => {
  beforeEach(() => {
    setActivePinia(createPinia())
    const all = [
      module('customer', '客户信息', { tree: { module: 'customer_group' } as ModuleInfo['tree'] }), module('customer_group', '客户分组', { in_menu: false }),
      module('dict_item', '基本资料', { fields: [field('enum', { name: 'list', options })], only: { by: 'list', fields: {} } }),
      module('stock_balance', '库存查询', { survey: { label: '库存一览' } as ModuleInfo['survey'] }), module('operator', '操作人员', { rights: [] }),
    ]
    useModules().chapters = [{ name: 'c', label: '章', icon: 'x' }]
    useModules().byName = new Map(all.map((one) => [one.name, one]))
  })
  const titles = (text: string): string[] => findPages(text).map((one) => `${one.title} ${one.context}`)

  it('small lists, what stands over a list, the tree beside it, and pages of the window', () => {
    const drop = registerCommands([{ id: 'app.bin', label: '回收站', run: () => undefined }, { id: 'app.flaws', label: '账目疑点', enabled: () => '没有权限', run: () => undefined }, { id: 'app.search', label: '全局查找', run: () => undefined }])
    expect([titles('客户级别'), titles('khjb'), titles('kcyl'), titles('客户分组')]).toEqual([['客户级别 基本资料'], ['客户级别 基本资料'], ['库存一览 库存查询'], ['客户分组 客户信息']])
    expect([titles('回收站'), titles('账目疑点'), titles('全局查找'), titles('操作')]).toEqual([['回收站 编辑'], [], [], []])
    drop()
  })
  it('and opens just that', () => {
    const asked = (): unknown => useTabs().active.request
    findPages('计量单位')[0]?.run()
    expect(asked()).toMatchObject({ view: { filter: { and: [{ field: 'list', op: 'eq', value: 'unit' }] } } })
    findPages('库存一览')[0]?.run()
    expect([useTabs().active.path, asked()]).toMatchObject(['/m/stock_balance', { survey: true }])
  })
  it('single settings, in their page, for who may see it', async () => {
    vi.stubGlobal('fetch', vi.fn(() => Promise.resolve(new Response(JSON.stringify({ groups: [{ label: '税', settings: [{ key: 'tax.rate', field: { label: '默认税率%' } }] }], places: [], at: 'company', may_change: true })))))
    await useSettingNames().load()
    expect(titles('默认税率'), 'the page itself is none of his').toEqual([])
    useModules().byName = new Map([...useModules().byName, ['setting', module('setting', '系统配置', { page: 'settings' })]])
    await useSettingNames().load()
    expect([titles('默认税率'), titles('mrsl')]).toEqual([['默认税率% 系统配置 · 税'], ['默认税率% 系统配置 · 税']])
    findPages('默认税率')[0]?.run()
    expect([useTabs().active.path, useTabs().active.request]).toMatchObject(['/m/setting', { open: 'tax.rate' }])
    vi.unstubAllGlobals()
  })
})
