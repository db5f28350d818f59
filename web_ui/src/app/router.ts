/** The address bar is not shown, but Alt+← / Alt+→ and a reload work: the path is the active tab. */
import { defineComponent } from 'vue'
import { createRouter, createWebHashHistory } from 'vue-router'

const Nothing = defineComponent({ render: () => null })

export const router = createRouter({
  history: createWebHashHistory(),
  routes: [{ path: '/:any(.*)*', component: Nothing }],
})
