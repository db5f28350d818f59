import { shallowRef } from 'vue'
import { t } from '@/locale'

/** `caution`: it goes past a warning, so Enter does not do it unseen */
export interface Choice { value: string; label: string; kind?: 'primary' | 'danger' | 'caution' | 'plain'; key?: string }
export interface Question {
  title: string
  /** paragraphs */
  text: string[]
  /** list under the text, e.g. what goes along with a deletion */
  items?: string[]
  /** left to right; the last is the rightmost */
  choices: Choice[]
  /** what Esc and × mean */
  escape: string
  answer: (value: string) => void
}
export const questionNow = shallowRef<Question | null>(null)

export function ask(question: Omit<Question, 'answer'>): Promise<string> {
  questionNow.value?.answer(questionNow.value.escape)
  return new Promise((resolve) => {
    questionNow.value = { ...question, answer: (value) => { questionNow.value = null; resolve(value) } }
  })
}

/** What Enter does at first: the rightmost, but what deletes or goes past a warning is chosen on purpose, and Enter goes back. */
export function firstChoice(choices: readonly Choice[]): number {
  const last = choices.length - 1
  return ['danger', 'caution'].includes(choices[last]?.kind ?? '') ? 0 : last
}

/** One question before something is done; `action` names the thing: 删除 3 个客户. */
export async function confirm(options: { title: string; text?: string | string[]; items?: string[]; action: string; danger?: boolean; cancel?: string }): Promise<boolean> {
  const text = typeof options.text === 'string' ? [options.text] : (options.text ?? [])
  const answer = await ask({
    title: options.title,
    text,
    ...(options.items ? { items: options.items } : {}),
    choices: [
      { value: 'no', label: options.cancel ?? t('取消'), key: 'Esc' },
      { value: 'yes', label: options.action, kind: options.danger ? 'danger' : 'primary' },
    ],
    escape: 'no',
  })
  return answer === 'yes'
}

/** 保存 / 不保存 / 继续编辑; with so many things `wrong` saving would only be refused, so it is not offered. */
export async function askUnsaved(what: string[], wrong = 0): Promise<'save' | 'discard' | 'stay'> {
  const one = what.length === 1
  const answer = await ask({
    title: one ? t('{what}还没保存', { what: what[0] ?? '' }) : t('有 {n} 处还没保存', { n: what.length }),
    text: wrong ? [t('有 {n} 处要先改好才能保存。', { n: wrong })] : [],
    ...(one ? {} : { items: what }),
    choices: wrong
      ? [{ value: 'discard', label: t('不保存') }, { value: 'stay', label: t('继续编辑'), kind: 'primary', key: 'Esc' }]
      : [
          { value: 'stay', label: t('继续编辑'), key: 'Esc' },
          { value: 'discard', label: t('不保存') },
          { value: 'save', label: t('保存'), kind: 'primary' },
        ],
    escape: 'stay',
  })
  return answer as 'save' | 'discard' | 'stay'
}
