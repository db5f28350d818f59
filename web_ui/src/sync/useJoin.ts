/** Joining a server: an address that is tried while it is typed, a one-time code, and what went wrong with either. No drawing. */
import { computed, onUnmounted, reactive, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue'
import { ApiError, isAbort, newKey } from '@/api/client'
import type { ProbeAnswer } from '@/api/types'
import { t } from '@/locale'
import { useSync } from '@/stores/sync'
import { wordsOf } from '@/ui/problem'
import { sync as calls } from './calls'
import { bareCode, CODE_LENGTH, showCode } from './joinCode'

/** first: a new machine without data · lone: a workstation with data, until now alone · again: one the server does not know any more */
export type JoinMode = 'first' | 'lone' | 'again'
export type JoinField = 'server' | 'code'
export interface Said { text: string; tone: 'plain' | 'good' | 'look' | 'bad' }
export interface Join {
  mode: JoinMode
  server: Ref<string>
  code: Ref<string>
  errors: Record<JoinField, string>
  probing: Ref<boolean>
  busy: Ref<boolean>
  failure: Ref<string>
  said: ComputedRef<Said>
  probe: () => Promise<void>
  submit: () => Promise<boolean>
}

const TYPING_MS = 700
/** shorter is no address yet */
const ADDRESS_MIN = 3

/** What a tried address means for this machine. */
export function probeWords(answer: ProbeAnswer, mode: JoinMode): Said {
  if (!answer.ok) return { text: answer.title || t('连不上这个地址'), tone: 'look' }
  const reached = t('已连上，往返 {n} 毫秒', { n: Math.max(1, Math.round(answer.ms)) })
  if (mode === 'first' && answer.empty) return { text: t('{reached}。服务器上还没有公司的数据，先在有数据的那台电脑上加入它。', { reached }), tone: 'look' }
  if (mode === 'lone' && answer.empty) return { text: t('{reached}。服务器是空的，本机的数据会全部上传。', { reached }), tone: 'good' }
  if (mode === 'lone') return { text: t('{reached}。服务器上已有公司的数据，本机也有，两边不能合在一起。', { reached }), tone: 'look' }
  return { text: reached, tone: 'good' }
}

export function useJoin(mode: JoinMode): Join {
  const store = useSync()
  // the server that knows this machine no more is most often still the right one
  const server = ref(mode === 'again' ? (store.sync?.server ?? '') : '')
  const code = ref('')
  const errors = reactive<Record<JoinField, string>>({ server: '', code: '' })
  const answer = shallowRef<ProbeAnswer | null>(null)
  const probing = ref(false)
  const busy = ref(false)
  const failure = ref('')
  let tried = ''
  let abort: AbortController | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let key = newKey()

  const said = computed<Said>(() => {
    if (errors.server) return { text: errors.server, tone: 'bad' }
    if (probing.value) return { text: t('正在连接…'), tone: 'plain' }
    if (answer.value) return probeWords(answer.value, mode)
    return { text: t('问管理员要，例如 192.168.1.20:8630'), tone: 'plain' }
  })

  async function probe(): Promise<void> {
    clearTimeout(timer)
    const address = server.value.trim()
    if (address.length < ADDRESS_MIN || address === tried) return
    tried = address
    abort?.abort()
    const mine = (abort = new AbortController())
    probing.value = true
    try {
      const got = await calls.probe(address, mine.signal)
      if (!mine.signal.aborted) answer.value = got
    } catch (error) {
      if (isAbort(error) || mine.signal.aborted) return
      tried = ''
      answer.value = { ok: false, ms: 0, empty: false, title: error instanceof ApiError ? (error.fields.server ?? wordsOf(error).title) : wordsOf(error).title, server: '' }
    } finally {
      if (!mine.signal.aborted) probing.value = false
    }
  }
  watch(server, () => {
    errors.server = failure.value = ''
    tried = ''
    answer.value = null
    abort?.abort()
    probing.value = false
    key = newKey()
    clearTimeout(timer)
    timer = setTimeout(() => void probe(), TYPING_MS)
  }, { flush: 'sync' })
  watch(code, () => {
    errors.code = failure.value = ''
    key = newKey()
  }, { flush: 'sync' })
  onUnmounted(() => {
    clearTimeout(timer)
    abort?.abort()
  })

  function check(): boolean {
    const letters = bareCode(code.value).length
    errors.server = server.value.trim() ? '' : t('请填写服务器地址')
    errors.code = letters === CODE_LENGTH ? '' : letters ? t('加入码是 {n} 位，现在 {have} 位', { n: CODE_LENGTH, have: letters }) : t('请填写加入码')
    return !errors.server && !errors.code
  }
  /** true: this machine belongs to the server now */
  async function submit(): Promise<boolean> {
    failure.value = ''
    if (busy.value || !check()) return false
    busy.value = true
    try {
      await store.join(server.value.trim(), showCode(code.value), key)
      return true
    } catch (error) {
      const fields = error instanceof ApiError ? error.fields : {}
      errors.server = fields.server ?? ''
      errors.code = fields.code ?? ''
      if (!errors.server && !errors.code) {
        const { title, detail } = wordsOf(error)
        failure.value = [title, detail].filter(Boolean).join('。')
      }
      return false
    } finally {
      busy.value = false
    }
  }
  return { mode, server, code, errors, probing, busy, failure, said, probe, submit }
}
