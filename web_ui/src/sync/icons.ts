/** One icon per state, the same in status bar and sync centre (design system §4). */
import { CircleCheck, CirclePause, CloudDownload, CloudOff, CloudUpload, HardDrive, TriangleAlert } from '@lucide/vue'
import type { Component } from 'vue'
import type { SyncIcon } from './words'

export const syncIcons: Record<SyncIcon, Component> = {
  local: HardDrive, download: CloudDownload, ok: CircleCheck, upload: CloudUpload, off: CloudOff, paused: CirclePause, alert: TriangleAlert,
}
