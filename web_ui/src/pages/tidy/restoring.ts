/** Bringing records back: what they need and is deleted, too, is told and offered together. */
import { ApiError, newKey } from '@/api/client'
import { t } from '@/locale'
import { ask, confirm } from '@/ui/confirm'
import { bin, type Parent } from '@/engine/merge/calls'

/** How many came back, or null when nothing was done. Throws what is no such case. */
export async function restoreGone(records: { module: string; id: string }[]): Promise<number | null> {
  try {
    return count(await bin.restore(records, false, newKey()))
  } catch (error) {
    if (!(error instanceof ApiError) || error.problem.code !== 'still-deleted') throw error
    const { parents = [], all = false } = error.problem as unknown as { parents?: Parent[]; all?: boolean }
    if (!all) {
      await ask({ title: t('现在还不能恢复'), text: [error.problem.title, t('它们要用到的记录也已删除，而你不能恢复，可请管理员来做。')], choices: [{ value: 'ok', label: t('知道了'), kind: 'primary' }], escape: 'ok' })
      return null
    }
    const sure = await confirm({
      title: t('要一起恢复上级记录'), text: t('选中的记录要用到下面这些，它们也在回收站里：'),
      items: parents.map((one) => `${one.noun}「${one.title}」`), action: t('一起恢复'),
    })
    return sure ? count(await bin.restore(records, true, newKey())) : null
  }
}
function count({ restored }: { restored: Record<string, string[]> }): number {
  return Object.values(restored).reduce((sum, ids) => sum + ids.length, 0)
}
