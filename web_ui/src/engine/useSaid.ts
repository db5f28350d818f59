/** When something is said under a box: not while somebody is just typing into it, unless it was said before. */
import { computed, ref, type ComputedRef, type Ref } from 'vue'

export interface Said {
  /** why the typed text is no value; null: it is one */
  problem: Ref<string | null>
  shown: ComputedRef<string | null>
  inside: Ref<boolean>
  enter: () => void
  leave: () => void
  told: (problem: string | null) => void
}

export function useSaid(): Said {
  const problem = ref<string | null>(null)
  const inside = ref(false)
  const kept = ref(false)
  const shown = computed(() => (inside.value && !kept.value ? null : problem.value))
  function told(to: string | null): void {
    problem.value = to
    if (!to) kept.value = false
  }
  function enter(): void {
    if (!inside.value) kept.value = !!problem.value
    inside.value = true
  }
  function leave(): void { inside.value = false }
  return { problem, shown, inside, enter, leave, told }
}
