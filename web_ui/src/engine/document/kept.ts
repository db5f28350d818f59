/** What was typed and not saved yet, kept on this machine (as records do it): offered again when the same sheet is opened. */
import { computed, onUnmounted, ref, shallowRef, type Ref } from 'vue'
import { dropState, loadState, saveState } from '@/api/client'
import type { Drafted } from './sheet'

const WAIT_MS = 1500

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type
export function useKept(module: string, id: Ref<string | null>, now: () => Omit<Drafted, 'at' | 'older'> | null) {
  const key = computed(() => `draft:${module}:${id.value ?? 'new'}`)
  /** found, and waiting for an answer */
  const found = shallowRef<Drafted | null>(null)
  const at = ref('')
  let timer = 0
  let writing: Promise<unknown> | null = null
  /** older ones below the one that was taken up */
  let below: Drafted | null = null
  const waiting = (): Drafted | null => found.value ?? below

  async function look(): Promise<void> {
    const kept = await loadState<Drafted | null>(key.value, null).catch(() => null)
    found.value = Array.isArray(kept?.lines) && kept.values ? kept : null
  }
  async function write(): Promise<void> {
    const sheet = now()
    if (!sheet) return
    const mine = key.value
    const moment = new Date().toISOString()
    // a failure is no harm: the sheet itself still has it, and the next key tries again
    writing = saveState(mine, { ...sheet, at: moment, older: waiting() }).then(() => { if (mine === key.value && now()) at.value = moment }, () => undefined)
    await writing
    writing = null
  }
  function soon(): void {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => void write(), WAIT_MS)
  }
  function take(): Drafted | null {
    const kept = found.value
    below = kept?.older ?? null
    found.value = null
    at.value = kept?.at ?? ''
    return kept
  }
  /** The sheet is saved or given up; an older one that nobody answered stays. */
  async function drop(): Promise<void> {
    window.clearTimeout(timer)
    const rest = waiting()
    const exists = !!rest || !!at.value || !!writing
    found.value = below = null
    at.value = ''
    if (!exists) return
    const mine = key.value
    await writing
    await (rest ? saveState(mine, rest) : dropState(mine)).catch(() => undefined)
  }
  /** The offered one is thrown away; the one below it is offered next. */
  async function discard(): Promise<void> {
    found.value = found.value?.older ?? null
    const mine = key.value
    if (at.value) return write()
    await (found.value ? saveState(mine, found.value) : dropState(mine)).catch(() => undefined)
  }
  onUnmounted(() => window.clearTimeout(timer))
  return { found, at, look, soon, write, take, drop, discard }
}
