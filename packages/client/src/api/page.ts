/** What a page has, by its shape. */
export interface Page {
  readonly document?: PageDocument | undefined;
  readonly navigator?: { readonly onLine?: boolean };
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
}

export interface PageDocument {
  readonly visibilityState?: string;
  addEventListener(type: string, listener: () => void): void;
  removeEventListener(type: string, listener: () => void): void;
}

/** Tells whether the page is hidden and whether it has a network, now and whenever that changes. Gives the function that ends it. */
export function watchPage(page: Page, told: { hidden(hidden: boolean): void; offline(offline: boolean): void }): () => void {
  const { document } = page;
  if (document === undefined) return () => undefined;
  const onVisibility = (): void => told.hidden(document.visibilityState === 'hidden');
  const onNetwork = (): void => told.offline(page.navigator?.onLine === false);
  document.addEventListener('visibilitychange', onVisibility);
  page.addEventListener?.('online', onNetwork);
  page.addEventListener?.('offline', onNetwork);
  onVisibility();
  onNetwork();
  return () => {
    document.removeEventListener('visibilitychange', onVisibility);
    page.removeEventListener?.('online', onNetwork);
    page.removeEventListener?.('offline', onNetwork);
  };
}
