/** Calls for the files and comments of a record. */
import { api, type CallOptions } from '@/api/client'

export type FileState = 'here' | 'local' | 'uploading' | 'available' | 'fetching' | 'missing'
export interface FileInfo {
  id: string
  file_name: string
  size: number
  mime: string
  role: string
  at: string
  by: string
  machine: string | null
  /** when it was chosen to stand for the record */
  main_at?: string | null
  /** `done`: bytes moved so far, while it moves */
  state: { state: FileState; words: string; done: number | null }
}
/** one that was taken away: when and by whom */
export interface RemovedFile { id: string; file_name: string; size: number; at: string; by: string }
/** `earlier`: how many older ones there are that are not shown */
export interface FileList { items: FileInfo[]; earlier: number; removed: RemovedFile[]; may_attach: boolean; bytes_max: number }
export interface Comment { id: string; text: string; at: string; by: string; machine: string | null }
export interface CommentList { items: Comment[]; earlier: number }

const of = (kind: string, module: string, id: string): string => `/api/${kind}/${encodeURIComponent(module)}/${encodeURIComponent(id)}`
const one = (id: string, rest = ''): string => `/api/file/${encodeURIComponent(id)}${rest}`

export const files = {
  list: (module: string, id: string): Promise<FileList> => api.get<FileList>(of('files', module, id)),
  attach: (module: string, id: string, file: Blob, name: string): Promise<FileInfo> => api.upload<FileInfo>(of('files', module, id), file, { name }),
  content: (id: string): Promise<{ blob: Blob; name: string }> => api.file(one(id, '/content')),
  thumbnail: (id: string): Promise<{ blob: Blob; name: string }> => api.file(one(id, '/thumbnail')),
  fetch: (id: string): Promise<FileInfo> => api.post<FileInfo>(one(id, '/fetch')),
  save: (id: string): Promise<{ path?: string; download?: string; cancelled?: true }> => api.post(one(id, '/save')),
  lead: (id: string): Promise<unknown> => api.post(one(id, '/main')),
  assign: (id: string, role: string): Promise<unknown> => api.post(one(id, '/role'), { role }),
  remove: (id: string): Promise<unknown> => api.delete(one(id)),
  restore: (id: string): Promise<unknown> => api.post(one(id, '/restore')),
}

export const comments = {
  list: (module: string, id: string): Promise<CommentList> => api.get<CommentList>(of('comments', module, id)),
  add: (module: string, id: string, text: string, options: CallOptions): Promise<Comment> => api.post<Comment>(of('comments', module, id), { text }, options),
}
