// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { ModuleInfo } from '@/api/types'
import { registerCommands } from '@/composables/useCommands'
import { field } from '@/fields/info'
import { useModules } from '@/stores/modules'
import { useSettingNames } from '@/stores/settingNames'
import { useTabs } from '@/stores/tabs'
import { findPages, type Findable } from './findable'

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
  const all = (text: string): Findable[] => { const { pages, settings, commands } = findPages(text); return [...pages, ...settings, ...commands] }
  const titles = (text: string): string[] => all(text).map((one) => `${one.title} ${one.context}`)

  it('small lists, what stands over a list, the tree beside it, and pages of the window', () => {
    const drop = registerCommands([{ id: 'app.bin', label: '回收站', run: () => undefined }, { id: 'app.flaws', label: '账目疑点', enabled: () => '没有权限', run: () => undefined }, { id: 'app.search', label: '全局查找', run: () => undefined }])
    expect([titles('客户级别'), titles('khjb'), titles('kcyl'), titles('客户分组')]).toEqual([['客户级别 基本资料'], ['客户级别 基本资料'], ['库存一览 库存查询'], ['客户分组 客户信息']])
    expect([titles('回收站'), titles('账目疑点'), titles('全局查找'), titles('操作')]).toEqual([['回收站 编辑'], [], [], []])
    drop()
  })
  it('and opens just that', () => {
    const asked = (): unknown => useTabs().active.request
    all('计量单位')[0]?.run()
    expect(asked()).toMatchObject({ view: { filter: { and: [{ field: 'list', op: 'eq', value: 'unit' }] } } })
    all('库存一览')[0]?.run()
    expect([useTabs().active.path, asked()]).toMatchObject(['/m/stock_balance', { survey: true }])
  })
  it('by other words that people use, which say what is meant, before what the window does', () => {
    const named = (text: string, pinyin: string, initials: string): { text: string; pinyin: string; initials: string } => ({ text, pinyin, initials })
    const operators = module('operator', '操作人员权限', { names: [named('操作人员权限', 'caozuorenyuanquanxian', 'czryqx'), named('用户', 'yonghu', 'yh')] })
    useModules().byName = new Map([['operator', operators]])
    const drop = registerCommands([{ id: 'app.switch', label: '切换用户', run: () => undefined }])
    const words = (text: string): unknown => { const { pages, commands } = findPages(text); return [pages.map((one) => `${one.title} ${one.context}`), commands.map((one) => one.title)] }
    expect(words('用户')).toEqual([['操作人员权限 用户 · 章'], ['切换用户']])
    expect([words('yonghu'), words('caozuo')]).toEqual([[['操作人员权限 用户 · 章'], []], [['操作人员权限 章'], []]])
    drop()
  })
  it('a new document by the name of its kind, for who may make one', () => {
    const kinds = [{ value: 'sale', label: '销货' }, { value: 'retail', label: '零售' }]
    const sale = (rights: ModuleInfo['rights']): ModuleInfo => module('sale', '销货管理', { rights, fields: [field('enum', { name: 'doc_type', options: kinds })], document: { kind: 'doc_type' } as ModuleInfo['document'] })
    useModules().byName = new Map([['sale', sale(['view'])]])
    expect(titles('零售')).toEqual([])
    useModules().byName = new Map([['sale', sale(['view', 'add'])]])
    expect([titles('零售'), titles('ls')]).toEqual([['新增零售 销货管理'], ['新增零售 销货管理']])
    all('零售')[0]?.run()
    expect([useTabs().active.path, useTabs().active.request]).toMatchObject(['/m/sale', { create: { doc_type: 'retail' } }])
  })
  it('what is kept once for the company, as settings are', () => {
    const tabs = [{ label: '基本', sections: [{ label: '', fields: ['start_on'] }] }]
    useModules().byName = new Map([['company_profile', module('company_profile', '公司基本资料', { single: true, tabs, fields: [field('date', { name: 'start_on', label: '启用日期', initials: 'qyrq' }), field('text', { name: 'note', label: '启用说明' })] })]])
    expect(findPages('启用').settings.map((one) => `${one.title} ${one.context}`)).toEqual(['启用日期 公司基本资料'])
    all('qyrq')[0]?.run()
    expect([useTabs().active.path, useTabs().active.request]).toMatchObject(['/m/company_profile', { field: 'start_on' }])
  })
  it('single settings, in their page, for who may see it', async () => {
    vi.stubGlobal('fetch', vi.fn(() => Promise.resolve(new Response(JSON.stringify({ groups: [{ label: '税', settings: [{ key: 'tax.rate', field: { label: '默认税率%' } }] }], places: [], at: 'company', may_change: true })))))
    await useSettingNames().load()
    expect(titles('默认税率'), 'the page itself is none of his').toEqual([])
    useModules().byName = new Map([...useModules().byName, ['setting', module('setting', '系统配置', { page: 'settings' })]])
    await useSettingNames().load()
    expect([titles('默认税率'), titles('mrsl')]).toEqual([['默认税率% 系统配置 · 税'], ['默认税率% 系统配置 · 税']])
    all('默认税率')[0]?.run()
    expect([useTabs().active.path, useTabs().active.request]).toMatchObject(['/m/setting', { open: 'tax.rate' }])
    vi.unstubAllGlobals()
  })
})
