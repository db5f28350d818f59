/** 删除 (C2): says first what goes along and what is refused, asks once, offers 撤销. */
import { newKey } from '@/api/client'
import type { ModuleInfo } from '@/api/types'
import { t } from '@/locale'
import { ask, confirm } from '@/ui/confirm'
import { showProblem } from '@/ui/problem'
import { toast } from '@/ui/toast'
import { records, type Meant } from './data'

const SHOWN = 6

/** The same without those that cannot go. */
export function withoutRefused(meant: Meant, refused: ReadonlySet<string>): Meant {
  if (!refused.size) return meant
  return 'ids' in meant ? { ids: meant.ids.filter((id) => !refused.has(id)) } : { query: meant.query, except: [...meant.except, ...refused] }
}

/** The ids that are gone, or null when nothing was done. */
export async function removeRecords(module: ModuleInfo, meant: Meant, name: string, undone: () => void, noun = module.noun): Promise<string[] | null> {
  try {
    const preview = await records.previewDelete(module.name, meant)
    const refused = preview.refused.slice(0, SHOWN).map((r) => `「${r.title}」${r.reason}`)
    if (preview.refused.length > SHOWN) refused.push(t('还有 {n} 个', { n: preview.refused.length - SHOWN }))
    const left = preview.count
    const asked = left + preview.refused.length
    if (!left) {
      // somebody else was quicker
      if (!asked) { undone(); toast(t('这些{noun}已经不在了。', { noun })); return null }
      await ask({
        title: asked === 1 ? t('这个{noun}不能删除', { noun }) : t('选中的 {n} 个{noun}都不能删除', { n: asked.toLocaleString('en-US'), noun }), text: [], items: refused,
        choices: [{ value: 'ok', label: t('知道了'), kind: 'primary' }], escape: 'ok',
      })
      return null
    }
    const along = preview.along.filter((a) => a.count > 0).map((a) => t('{n} 个{label}', { n: a.count.toLocaleString('en-US'), label: a.label }))
    const text: string[] = []
    if (along.length) text.push(t('一起删除的还有：{along}。', { along: along.join('、') }))
    if (refused.length) text.push(t('下面 {n} 个不能删除，会留下：', { n: preview.refused.length }))
    if (!text.length) text.push(t('删除后可以撤销，90 天内也能在回收站找回。'))
    const words = left.toLocaleString('en-US')
    const what = left === 1 && name ? t('删除{noun}「{name}」', { noun, name }) : t('删除 {n} 个{noun}', { n: words, noun })
    const sure = await confirm({ title: what, text, ...(refused.length ? { items: refused } : {}), action: left === 1 ? t('删除 1 个{noun}', { noun }) : t('删除 {n} 个{noun}', { n: words, noun }), danger: true })
    if (!sure) return null
    const { deleted } = await records.delete(module.name, withoutRefused(meant, new Set(preview.refused.map((r) => r.id))), { key: newKey() })
    toast(t('已删除 {n} 个{noun}。', { n: deleted.length.toLocaleString('en-US'), noun }), {
      label: t('撤销'),
      run: async () => {
        try {
          await records.restore(module.name, deleted)
          undone()
        } catch (error) {
          showProblem(error)
        }
      },
    })
    return deleted
  } catch (error) {
    showProblem(error)
    return null
  }
}
