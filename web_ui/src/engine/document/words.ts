/** States of documents in words, the same everywhere. */
import type { DocumentInfo, DocumentState, FieldInfo, Filter, FoundProduct, Value } from '@/api/types'
import { t } from '@/locale'

/** What a row says of its approval, where that is more than its state: a draft that waits, or was sent back. */
export function approvalOf(row: { [name: string]: Value | undefined } | null | undefined): 'waiting' | 'rejected' | null {
  return row?.state === 'draft' && (row.approval === 'waiting' || row.approval === 'rejected') ? row.approval : null
}
export function stateWords(state: DocumentState, approval: 'waiting' | 'rejected' | null = null): string {
  if (approval) return approval === 'waiting' ? t('待审批') : t('已驳回')
  return { draft: t('草稿'), posted: t('已过账'), cancelled: t('已作废') }[state] ?? state
}
export function stateTone(state: DocumentState, approval: 'waiting' | 'rejected' | null = null): 'good' | 'draft' | 'bad' | 'look' {
  if (approval) return approval === 'waiting' ? 'look' : 'bad'
  return state === 'posted' ? 'good' : state === 'cancelled' ? 'bad' : 'draft'
}
/** What a list says beside the number of a document that does not count; null of one that does. */
export function markOf(row: { [name: string]: Value | undefined }): { text: string; tone: string } | null {
  const state = row.state
  if (state !== 'draft' && state !== 'cancelled') return null
  const approval = approvalOf(row)
  return { text: stateWords(state, approval), tone: stateTone(state, approval) }
}
/** What ships with the program (零售客户) stands among what people entered, and says so. */
export function shippedMark(module: { fixed?: string | null }, row: { [name: string]: Value | undefined }): { text: string; tone: string } | null {
  return module.fixed && row[module.fixed] ? { text: t('系统自带'), tone: 'quiet' } : null
}
/** What waits for who is signed in: not what he submitted himself, unless there is nobody else. */
export function waitingFor(operator: string | undefined, about: DocumentInfo): Filter {
  const others = about.own || !operator ? [] : [{ field: 'submitted_by', op: 'ne' as const, value: operator }]
  return { and: [{ field: 'approval', op: 'eq', value: 'waiting' }, ...others] }
}
/** What came of a sheet that has closed; '' of what was cancelled, which its sheet has said. */
export function savedWords(title: string, row: { [name: string]: Value | undefined }): string {
  if (row.state === 'cancelled') return ''
  if (approvalOf(row) === 'waiting') return t('{title} 已提交审批', { title })
  if (row.state === 'draft') return t('已保存 {title}，还是草稿', { title })
  return typeof row.version === 'number' && row.version > 1 ? t('已保存 {title}', { title }) : t('已过账 {title}', { title })
}
/** What saving a posted document does: an offer books nothing. */
export function postedWords(noun: string, version: number, books: boolean): string {
  const n = { noun, n: version }
  return books ? t('这张{noun}已过账。保存后成为第 {n} 版，库存和账目按新的一版算；以前各版都留着。', n) : t('这张{noun}已过账。保存后成为第 {n} 版，以前各版都留着。', n)
}
/** The prices of what was found, as its module names them and in the order in which the document shows them: one that nobody may see is not there. */
export function pricesOf(fields: readonly FieldInfo[], found: readonly FoundProduct[]): FieldInfo[] {
  const named = new Map(fields.map((f) => [f.name, f]))
  return [...new Set(found.flatMap((one) => Object.keys(one.prices)))].flatMap((name) => named.get(name) ?? [])
}
/** What the server wants to hear first, as a question: a sentence is too long for a title, which shows one line. */
export function toConfirm(sentences: string[]): { title: string; text: string[]; items?: string[] } {
  if (sentences.length === 1) return { title: t('请确认'), text: sentences }
  return { title: t('有 {n} 处要您确认', { n: sentences.length }), text: [], items: sentences }
}
