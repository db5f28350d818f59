/** 停用 and 启用: one yes/no field of some records, with 撤销. */
import { newKey } from '@/api/client'
import type { FieldInfo, ModuleInfo } from '@/api/types'
import { t } from '@/locale'
import { showProblem } from '@/ui/problem'
import { toast } from '@/ui/toast'
import { records, type Meant } from './data'

/** What the field is called when it is set, and when it is taken away. */
export function retireWords(field: FieldInfo, on: boolean): string {
  if (field.label === t('停用')) return on ? t('停用') : t('启用')
  return on ? t('标为「{label}」', { label: field.label }) : t('取消「{label}」', { label: field.label })
}

export async function retire(module: ModuleInfo, field: FieldInfo, meant: Meant, on: boolean, done: () => void): Promise<void> {
  try {
    const { changed } = await records.changeMany(module.name, meant, { [field.name]: on }, { key: newKey() })
    done()
    const what = { what: retireWords(field, on), n: changed.length.toLocaleString('en-US'), noun: module.noun }
    if (!changed.length) return toast(t('{what}：这些{noun}本来就是这样。', { what: what.what, noun: module.noun }))
    toast(t('{what}：{n} 个{noun}。', what), {
      label: t('撤销'),
      run: async () => {
        try {
          await records.changeMany(module.name, { ids: changed }, { [field.name]: !on }, { key: newKey() })
          done()
        } catch (error) {
          showProblem(error)
        }
      },
    })
  } catch (error) {
    showProblem(error)
  }
}
