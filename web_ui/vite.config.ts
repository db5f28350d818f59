import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { launch } from './dev/launch.ts'

const specs = ['src', 'dev'].flatMap((folder) =>
  readdirSync(new URL(folder, import.meta.url), { recursive: true, encoding: 'utf-8' })
    .filter((name) => name.endsWith('.spec.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
)
const withPage = specs.filter((spec) =>
  readFileSync(new URL(spec, import.meta.url), 'utf-8').startsWith('// @vitest-environment'),
)

export default defineConfig(({ command }) => ({
  plugins: [vue(), ...(command === 'serve' && process.env.ECMS_LAUNCH_URL ? [launch(process.env.ECMS_LAUNCH_URL)] : [])],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: 'true',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
    __INTLIFY_DROP_MESSAGE_COMPILER__: 'false',
  },
  build: {
    outDir: '../desktop/web',
    emptyOutDir: true,
    target: 'chrome120',
    chunkSizeWarningLimit: 2000,
    // the page's CSP allows no inline script and no data: script
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { host: '127.0.0.1', port: 5173, strictPort: false },
  test: {
    // A page for those that say so in their first line: making one costs more than most tests.
    environment: 'node',
    setupFiles: ['./dev/testSetup.ts'],
    projects: [
      // Libraries that show things keep state of their own, so that each file has a world of its own; in one process,
      // as making a process and a page in it for each was half of the time. The others stay loaded from file to file.
      { extends: true, test: { name: 'page', include: withPage, pool: 'vmThreads' } },
      { extends: true, test: { name: 'plain', include: specs, exclude: withPage, isolate: false } },
    ],
  },
}))
