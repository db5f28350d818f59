import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { actAs, api } from '@/api/client'
import type { Operator_, Session } from '@/api/types'

export interface SetupValues {
  company: string; branch: string; branch_code: string; department: string
  name: string; login_name: string; password: string; demo: number
}

/** The address is the tab of whoever was here; the next one does not begin there. */
function startAnew(): void {
  history.replaceState(null, '', location.pathname)
  location.reload()
}

export const useSession = defineStore('session', () => {
  const session = ref<Session | null>(null)
  /** 锁定: the tabs stay, the login stands over them */
  const locked = ref(false)
  /** who the kept tabs belong to */
  const owner = ref<string | null>(null)
  const operator = computed<Operator_ | null>(() => session.value?.operator ?? null)
  const signedIn = computed(() => !!session.value?.signed_in && !locked.value)

  async function load(): Promise<Session> {
    const got = await api.get<Session>('/api/session')
    // somebody else signed in from another window: nothing typed here may be saved as his
    if (owner.value && got.operator && got.operator.id !== owner.value) {
      startAnew()
      return got
    }
    // stopped from afar and wiped: nothing of what was open may stay on the screen
    if (owner.value && !got.initialized) {
      startAnew()
      return got
    }
    session.value = got
    if (got.operator) belongTo(got.operator.id)
    // signed out elsewhere: what is open stays under the login
    else if (owner.value) locked.value = true
    return got
  }
  function belongTo(id: string | null): void {
    owner.value = id
    actAs(id)
  }
  function enter(got: Session): void {
    session.value = got
    belongTo(got.operator?.id ?? null)
    locked.value = false
  }
  async function signIn(department: string, user: string, password: string): Promise<void> {
    const before = owner.value
    const got = await api.post<Session>('/api/session', { department, user, password })
    // somebody else sits down: start from a clean window
    if (before && got.operator && before !== got.operator.id) return startAnew()
    enter(got)
  }
  async function setUp(values: SetupValues): Promise<void> {
    enter(await api.post<Session>('/api/setup', values))
  }
  async function lock(): Promise<void> {
    locked.value = true
    await api.delete('/api/session').catch(() => undefined)
    await load().catch(() => undefined)
  }
  /** the server says that the session is over (restart, other window) */
  function signedOut(): void {
    if (session.value?.signed_in) locked.value = true
  }
  async function leave(): Promise<void> {
    await api.delete('/api/session')
    startAnew()
  }
  return { session, operator, locked, owner, signedIn, load, signIn, setUp, lock, signedOut, leave }
})
