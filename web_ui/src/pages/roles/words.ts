import type { Right } from '@/api/types'
import { t } from '@/locale'
import type { RightsRow } from './model'

export function rightLabel(right: Right): string {
  switch (right) {
    case 'view': return t('查看')
    case 'add': return t('新增')
    case 'edit': return t('修改')
    case 'delete': return t('删除')
    case 'post': return t('过账')
    case 'cancel': return t('作废')
    case 'approve': return t('审批')
    case 'import': return t('导入')
    case 'export': return t('导出')
    case 'print': return t('打印')
  }
}
export function scopeHint(scope: RightsRow['scope']): string {
  return scope === 'follow' ? t('和所属的记录一起看到，不另设范围') : t('人人看到的都一样，不分范围')
}
/** what each data scope means, for people who see the word for the first time */
export function scopeText(scope: string): string {
  switch (scope) {
    case 'own': return t('自己负责的')
    case 'department': return t('同一部门的')
    case 'department_tree': return t('连同下面各级')
    case 'branch': return t('所在分公司的')
    default: return t('整个公司的')
  }
}
