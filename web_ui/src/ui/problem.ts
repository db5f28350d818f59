import { ApiError, isAbort } from '@/api/client'
import { t } from '@/locale'
import { toastError } from './toast'

/** The words for anything that was thrown, and the details for the one who helps. */
export function wordsOf(error: unknown): { title: string; detail: string; details: string } {
  if (error instanceof ApiError) {
    const { title, detail = '', code, status, type } = error.problem
    return { title, detail, details: JSON.stringify({ code, status, type, title, detail, fields: error.problem.fields, at: new Date().toISOString() }, null, 2) }
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}\n${error.stack ?? ''}` : String(error)
  return { title: t('没有完成，程序出了问题'), detail: t('已录入的数据不受影响。可以复制详情发给管理员。'), details: message }
}

/** Whether asking once more may bring another answer: what the program refuses as such, it refuses again. */
export const mayPass = (error: unknown): boolean => !(error instanceof ApiError && error.code === 'bad-request')

/** Shows a failure that has no better place on the screen. */
export function showProblem(error: unknown): void {
  if (isAbort(error)) return
  // the session is over: the login stands there already
  if (error instanceof ApiError && error.status === 401 && error.code !== 'login-failed') return
  const { title, detail, details } = wordsOf(error)
  toastError(detail ? `${title}。${detail}`.replace('。。', '。') : title, details)
}

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    document.body.append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    return done
  }
}
