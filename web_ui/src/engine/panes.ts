/** Hand-made panes under a list. The engine knows them by the name a declaration says; pages put them in. */
import type { Component } from 'vue'

export const panes = new Map<string, Component>()
