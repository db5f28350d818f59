/** What the server wants to hear before it goes on. */
import type { ApiError } from '@/api/client'
import { ask } from '@/ui/confirm'
import { toConfirm } from './document/words'

/** The names of the questions if somebody says yes, none if not; null: it asks nothing. */
export async function goOn(error: ApiError, no: string, yes: string): Promise<string[] | null> {
  const questions = error.problem.questions ?? []
  if (error.code !== 'confirm' || !questions.length) return null
  const said = await ask({
    ...toConfirm(questions.map((q) => q.text)), escape: 'no',
    choices: [{ value: 'no', label: no, kind: 'primary', key: 'Esc' }, { value: 'yes', label: yes, kind: 'caution' }],
  })
  return said === 'yes' ? questions.map((q) => q.name) : []
}
