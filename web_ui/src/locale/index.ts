import { createI18n } from 'vue-i18n'
import { en } from './en'

/**
 * Chinese is the source language: a key IS the Chinese sentence, so `zh-CN` is empty and shows the key itself.
 * Keys are looked up whole (no dots as paths); placeholders are `{name}`.
 */
export const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN',
  fallbackLocale: [],
  fallbackFormat: true,
  missingWarn: false,
  fallbackWarn: false,
  messageResolver: (messages, key) => {
    const found = (messages as Record<string, string> | null)?.[key]
    return found ?? null
  },
  messages: { 'zh-CN': {} as Record<string, string>, en: en as Record<string, string> },
})

export function t(chinese: string, values?: Record<string, string | number>): string {
  return values ? i18n.global.t(chinese, values) : i18n.global.t(chinese)
}
