/**
 * What the start page shows: with branches and machines of the sync centre (pages/sync) the only place of the user interface that names business modules.
 * Every figure is the total of a list and opens that list; a module the operator may not see shows nothing.
 */
import { addDays, isoDay, monthStart, weekStart } from '@/composables/dates'
import { t } from '@/locale'
import type { SavedView } from '@/api/types'

export interface Tile {
  module: string
  label: string
  unit: string
  view: (today: Date) => Partial<SavedView>
}
export interface Recent {
  module: string
  title: string
  /** what the opened list shows, and in which order */
  view: (today: Date) => Partial<SavedView>
  sort: string
  /** field at the right of a row, as a day */
  day: string
  /** a day before today is overdue */
  due?: boolean
  /** small text between title and day */
  fact?: string
  empty: string
}

const between = (field: string, from: Date, to: Date): Partial<SavedView> => ({
  filter: { and: [{ and: [{ field, op: 'ge', value: isoDay(from) }, { field, op: 'le', value: isoDay(to) }] }] },
})

export const tiles: Tile[] = [
  { module: 'customer', label: t('客户总数'), unit: t('个'), view: () => ({}) },
  { module: 'customer', label: t('本月新增客户'), unit: t('个'), view: (today) => between('registered_on', monthStart(today), addDays(monthStart(addDays(monthStart(today), 31)), -1)) },
  { module: 'customer', label: t('逾期未联系'), unit: t('个'), view: (today) => ({ filter: { and: [{ field: 'next_contact_on', op: 'lt', value: isoDay(today) }] } }) },
  { module: 'customer', label: t('本周要联系'), unit: t('个'), view: (today) => between('next_contact_on', today, addDays(weekStart(today), 6)) },
  { module: 'contact', label: t('联系人'), unit: t('人'), view: () => ({}) },
]

export const recents: Recent[] = [
  {
    module: 'customer', title: t('下次联系到期'), day: 'next_contact_on', due: true, fact: 'phone', sort: 'next_contact_on',
    view: (today) => ({ filter: { and: [{ field: 'next_contact_on', op: 'le', value: isoDay(addDays(weekStart(today), 6)) }] }, sort: 'next_contact_on' }),
    empty: t('这一周没有约好要联系的客户。'),
  },
  { module: 'customer', title: t('最近登记的客户'), day: 'registered_on', fact: 'phone', sort: '-registered_on', view: () => ({ sort: '-registered_on' }), empty: t('还没有客户。') },
]

/** What a company does first, in this order; shown until it trades, or somebody has seen enough of it. */
export interface FirstStep { module: string; /** of that module */ shortcut?: string; label: string; hint: string }
export const BEGUN_BY = ['purchase', 'sale']
/** Whether the page says something else once this module changed: trade concerns it only until there is some. */
export function concerns(module: string, shown: { module: string }[], isBeginning: boolean): boolean {
  return (isBeginning && BEGUN_BY.includes(module)) || shown.some((entry) => entry.module === module)
}
export const firstSteps: FirstStep[] = [
  { module: 'company_profile', label: t('公司资料和启用日期'), hint: t('业务从哪天开始记在这里') },
  { module: 'product', label: t('产品'), hint: t('一个个录，或从表格导入') },
  { module: 'customer', label: t('客户'), hint: t('一个个录，或从表格导入') },
  { module: 'supplier', label: t('供应商'), hint: t('一个个录，或从表格导入') },
  { module: 'stock_entry', shortcut: 'opening', label: t('期初库存'), hint: t('启用以前就有的货') },
  { module: 'opening_party', label: t('期初往来'), hint: t('客户欠的，欠供应商的') },
  { module: 'opening_account', label: t('账户期初'), hint: t('账户里的钱') },
]
