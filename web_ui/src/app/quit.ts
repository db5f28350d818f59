/** Leaving the program: nothing unsaved is lost without a question. */
import { ref } from 'vue'
import { api } from '@/api/client'
import { useForms } from '@/stores/forms'
import { showProblem } from '@/ui/problem'

/** the program has ended (browser mode: the page is still there) */
export const ended = ref(false)
let asking = false

export async function quitNow(): Promise<void> {
  try {
    await api.post('/api/desktop/quit')
    ended.value = true
  } catch (error) {
    showProblem(error)
  }
}

export async function quit(): Promise<void> {
  if (asking) return
  asking = true
  try {
    if (await useForms().settle()) await quitNow()
  } finally {
    asking = false
  }
}
