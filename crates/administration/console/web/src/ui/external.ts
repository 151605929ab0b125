// Follows a value that lives outside of the tree.

import { useEffect, useState } from 'preact/hooks';

export function useSyncExternalStore<T>(subscribe: (listener: () => void) => () => void, read: () => T): T {
  const [value, setValue] = useState(read);
  useEffect(() => {
    const look = () => setValue(read);
    look();
    return subscribe(look);
  }, [subscribe, read]);
  return value;
}
