/** The calls of 打印模板. */
import { api } from '@/api/client'
import type { Body, Editor } from './model'

const one = (id: string): string => `/api/templates/${encodeURIComponent(id)}`

export const PREVIEW = '/api/templates/preview'
export const templates = {
  all: (): Promise<Editor> => api.get<Editor>('/api/templates'),
  add: (body: Body, key: string): Promise<{ id: string }> => api.post<{ id: string }>('/api/templates', body, { key }),
  change: (id: string, body: Body, key: string, rev: number): Promise<{ id: string }> => api.patch<{ id: string }>(one(id), body, { key, rev }),
}
