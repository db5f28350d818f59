/** F1 in a dialog: which page of the manual tells of what it shows. */
import { inject, provide, type InjectionKey } from 'vue'

const TOPIC: InjectionKey<string> = Symbol('help')

/** Dialogs inside this component are about `topic`, unless one of them says otherwise. */
export function provideHelp(topic: string): void {
  if (topic) provide(TOPIC, topic)
}
/** '' where nothing said what it is about */
export function useHelpTopic(): string { return inject(TOPIC, '') }
