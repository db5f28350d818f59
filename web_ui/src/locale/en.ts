/** English for every t('中文') in the program; src/locale/locale.spec.ts finds what is missing. */
export const en: Record<string, string> = {
}
