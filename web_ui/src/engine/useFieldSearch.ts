/** A drop-down of fields finds them by name and by pinyin initials (xy finds 信用额度). */
import { computed, ref, type ComputedRef } from 'vue'
import type { FieldInfo } from '@/api/types'
import { labelFits } from './model/layout'

export function useFieldSearch(all: () => FieldInfo[]): { found: ComputedRef<FieldInfo[]>; look: (typed: string) => void } {
  const typed = ref('')
  const found = computed(() => all().filter((field) => labelFits(field, typed.value)))
  return { found, look: (text) => { typed.value = text } }
}
