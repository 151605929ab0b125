// The browser's own dialog: it keeps the focus, closes on Escape and gives the focus back.

import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';

import { Finish, type Finishing } from './finish';

interface Dialog {
  title: string;
  close: () => void;
  children: ComponentChildren;
  kind?: 'confirm' | 'palette' | 'menu';
}

export function Dialog({ title, close, children, kind = 'confirm' }: Dialog) {
  const box = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useLayoutEffect(() => {
    const dialog = box.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (!(before instanceof HTMLElement) || !before.isConnected) return;
      before.focus({ preventScroll: true });
      // What was refused can be pressed no more: the next stop is near it all the same.
      if (document.activeElement !== before) document.getElementById('content')?.focus({ preventScroll: true });
    };
  }, []);
  const onClick = (event: MouseEvent) => {
    if (event.target === box.current) close();
  };
  return (
    <dialog
      ref={box}
      class={kind}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={onClick}
    >
      <div class="dialog-inside">
        <h2 id={heading} class={kind === 'confirm' ? 'dialog-title' : 'hidden'}>
          {title}
        </h2>
        {children}
      </div>
    </dialog>
  );
}

interface Confirm {
  title: string;
  /** The outcome, as a verb: "End this session". */
  action: string;
  danger?: boolean;
  /** Whether all that it touches is known and said. */
  ready?: boolean;
  doing: Finishing;
  onConfirm: () => void;
  close: () => void;
  /** What it touches, and whom. */
  children: ComponentChildren;
}

export function Confirm({ title, action, danger = false, ready = true, doing, onConfirm, close, children }: Confirm) {
  const leave = () => {
    doing.forget();
    close();
  };
  return (
    <Dialog title={title} close={leave}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm();
        }}
      >
        <div class="dialog-text">{children}</div>
        <Finish doing={doing} action={action} danger={danger} ready={ready} leave={leave} />
      </form>
    </Dialog>
  );
}
