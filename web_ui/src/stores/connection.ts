/** Whether the program's own back end answers; not the network: that is never needed. */
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { api, watchClient } from '@/api/client'
import type { Session } from '@/api/types'
import { useSession } from './session'

export const useConnection = defineStore('connection', () => {
  const lost = ref(false)
  const trying = ref(false)
  watchClient({
    reachable: (is) => { lost.value = !is },
    signedOut: () => useSession().signedOut(),
    otherSession: () => void useSession().load().catch(() => undefined),
  })
  async function retry(): Promise<void> {
    trying.value = true
    try {
      await api.get<Session>('/api/session')
    } catch { /* still lost: the bar stays */ } finally {
      trying.value = false
    }
  }
  return { lost, trying, retry }
})
