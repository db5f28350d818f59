/** 已合并 … 撤销: takes a merger back at once, with the values it brought along. */
import { ApiError } from '@/api/client'
import type { ModuleInfo, Value } from '@/api/types'
import { records } from '@/engine/data'
import { newKey } from '@/api/client'
import { t } from '@/locale'
import { showProblem } from '@/ui/problem'
import { toast } from '@/ui/toast'
import { merging, type Merged } from './calls'

/** What was merged into what: the names of those that went, and of the one that stays. */
export const mergedWords = (module: ModuleInfo, gone: string[], title: string): string =>
  gone.length === 1 ? t('已把「{gone}」并入「{title}」。', { gone: gone[0] ?? '', title }) : t('已把 {n} 个{noun}并入「{title}」。', { n: gone.length, noun: module.noun, title })

export function told(module: ModuleInfo, gone: string[], title: string, done: Merged, rev: number): void {
  toast(mergedWords(module, gone, title), { label: t('撤销'), run: () => takeBack(module, done, rev) })
}
async function takeBack(module: ModuleInfo, done: Merged, rev: number): Promise<void> {
  try {
    await merging.undo(module.name, done.merged)
    const values = done.before as Record<string, Value>
    if (!Object.keys(values).length) return
    // Only what the merger itself wrote: who edited the record since keeps what he wrote.
    await records.change(module.name, done.winner, values, { key: newKey(), rev: rev + 1 }).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.problem.code !== 'stale') throw error
      toast(t('已拆分。带过来的内容后来又改过，留在「{noun}」里。', { noun: module.noun }))
    })
  } catch (error) {
    showProblem(error)
  }
}
