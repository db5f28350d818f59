/** The calls of 系统配置. */
import { api } from '@/api/client'
import type { Change, Page, Past } from './model'

export const settings = {
  all: (): Promise<Page> => api.get<Page>('/api/settings'),
  change: (change: Change, key: string): Promise<Page> => api.patch<Page>('/api/settings', change, { key }),
  samples: (change: Change): Promise<{ numbers: { noun: string; number: string }[] }> => api.post('/api/settings/samples', change),
  history: (key: string): Promise<Past[]> => api.get<Past[]>(`/api/settings/${encodeURIComponent(key)}/history`),
}
