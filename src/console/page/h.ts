import {
  h as create,
  type Attributes,
  type ComponentChildren,
  type FunctionComponent,
  type JSX,
  type VNode
} from 'preact'

interface Hyperscript {
  <K extends keyof JSX.IntrinsicElements>(
    tag: K,
    attributes: (JSX.IntrinsicElements[K] & Readonly<Record<`data-${string}`, string>>) | null,
    ...children: ComponentChildren[]
  ): VNode
  <P>(component: FunctionComponent<P>, props: P & Attributes, ...children: ComponentChildren[]): VNode
}

/** Preact's `h`, typed strictly: an attribute that does not exist, or a property that is missing, does not compile. */
export const h = create as unknown as Hyperscript
