/** Leaving the program: nothing unsaved is lost without a question. */
import { ref } from 'vue'
import { api } from '@/api/client'
import { t } from '@/locale'
import { useForms } from '@/stores/forms'
import { useSession } from '@/stores/session'
import { confirm } from '@/ui/confirm'
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
    if (await mayLeave()) await quitNow()
  } finally {
    asking = false
  }
}

/** While locked nothing can be saved: sign in first, or leave it. */
async function mayLeave(): Promise<boolean> {
  const forms = useForms()
  if (!useSession().locked || !forms.dirty.length) return forms.settle()
  return confirm({ title: t('有内容还没保存'), text: t('先登录就可以保存。现在退出，这些改动就没有了。'), items: forms.names, action: t('不保存，退出'), cancel: t('先登录'), danger: true })
}
