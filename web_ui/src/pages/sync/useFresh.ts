/** Something read from the server that is read again when `when` changes, a little later and never twice at a time. */
import { onActivated, onDeactivated, onMounted, onUnmounted, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'

const SOON_MS = 300

export interface Fresh<T> { data: ShallowRef<T | null>; error: ShallowRef<unknown>; loading: Ref<boolean>; load: () => Promise<void> }

export function useFresh<T>(call: () => Promise<T>, when: () => unknown): Fresh<T> {
  const data = shallowRef<T | null>(null) as ShallowRef<T | null>
  const error = shallowRef<unknown>(null)
  const loading = ref(false)
  let alive = true
  let stale = false
  let again = false
  let timer: ReturnType<typeof setTimeout> | undefined

  async function load(): Promise<void> {
    clearTimeout(timer)
    if (loading.value) { again = true; return }
    loading.value = true
    try {
      data.value = await call()
      error.value = null
    } catch (thrown) {
      // what was read before is still worth seeing
      error.value = data.value === null ? thrown : null
    } finally {
      loading.value = false
      if (again) { again = false; void load() }
    }
  }
  watch(when, () => {
    if (!alive) { stale = true; return }
    clearTimeout(timer)
    timer = setTimeout(() => void load(), SOON_MS)
  })
  onMounted(load)
  onActivated(() => {
    alive = true
    if (stale) { stale = false; void load() }
  })
  onDeactivated(() => { alive = false })
  onUnmounted(() => clearTimeout(timer))
  return { data, error, loading, load }
}
