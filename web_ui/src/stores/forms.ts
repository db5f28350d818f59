/** Forms with unsaved changes: the dot on the tab, the question when closing, and what the window's close button asks. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { api } from '@/api/client'
import { askUnsaved } from '@/ui/confirm'

export interface DirtyForm {
  id: string
  /** tab it belongs to */
  tab: string
  /** how to name it in the question: 新客户, 客户「昆山立源」 */
  what: string
  /** saves; false = could not (the form shows why) */
  save: () => Promise<boolean>
  /** how many things in it have to be mended before it can be saved */
  wrong?: () => number
  /** throws the changes away */
  discard: () => void
}

export const useForms = defineStore('forms', () => {
  const dirty = ref<DirtyForm[]>([])
  const names = computed(() => dirty.value.map((form) => form.what))

  function setDirty(form: DirtyForm): void {
    const at = dirty.value.findIndex((f) => f.id === form.id)
    if (at < 0) dirty.value.push(form)
    else dirty.value[at] = form
  }
  function setClean(id: string): void {
    dirty.value = dirty.value.filter((form) => form.id !== id)
  }
  function isDirty(tab: string): boolean {
    return dirty.value.some((form) => form.tab === tab)
  }
  /** 保存 / 不保存 / 继续编辑 for those forms; true = nothing unsaved is left */
  async function settle(which: (form: DirtyForm) => boolean = () => true): Promise<boolean> {
    const forms = dirty.value.filter(which)
    if (!forms.length) return true
    const answer = await askUnsaved(forms.map((form) => form.what), forms.reduce((sum, form) => sum + (form.wrong?.() ?? 0), 0))
    if (answer === 'stay') return false
    for (const form of forms) {
      if (answer === 'save' && !(await form.save())) return false
      if (answer === 'discard') form.discard()
      setClean(form.id)
    }
    return true
  }
  watch(names, (what) => void api.post('/api/desktop/dirty', { dirty: what.length > 0, what }).catch(() => undefined))
  return { dirty, names, setDirty, setClean, isDirty, settle }
})
