/** What an empty list says: to whom may not see all, nothing of what others have. */
import { t } from '@/locale'

export const noneWords = ({ noun, narrowed }: { noun: string; narrowed?: boolean | undefined }): string =>
  narrowed ? t('没有您能看到的{noun}', { noun }) : t('还没有{noun}', { noun })
