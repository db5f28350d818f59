import './theme'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './app/App.vue'
import { router } from './app/router'
import { startTextMenu } from './app/textMenu'
import { startKeyboard } from './composables/useCommands'
import { i18n } from './locale'
import { watchCuts } from './ui/cutting'
import { showProblem } from './ui/problem'

const app = createApp(App)
app.use(createPinia())
app.use(i18n)
app.use(router)
// nothing is swallowed: what no screen caught is shown, with details to copy
app.config.errorHandler = (error) => { console.error(error); showProblem(error) }
window.addEventListener('unhandledrejection', (event) => showProblem(event.reason))
startKeyboard()
startTextMenu()
watchCuts()
// a file dropped anywhere must not replace the program's page
for (const kind of ['dragover', 'drop']) window.addEventListener(kind, (event) => { if ((event as DragEvent).dataTransfer?.types.includes('Files')) event.preventDefault() })
app.mount('#app')
