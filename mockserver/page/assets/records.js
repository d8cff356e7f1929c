// Reading what is shown again whenever the records change.

import { useEffect, useRef, useState } from "./html.js";
import { read } from "./calls.js";
import { records } from "./live.js";

// The last answer stays until the next one is here.
export function useRecords(path, query) {
  const [found, setFound] = useState({});
  const words = JSON.stringify(query);
  const version = records.value;
  const running = useRef(0);
  useEffect(() => {
    if (!path) return undefined;
    const number = (running.current += 1);
    const timer = setTimeout(async () => {
      try {
        const data = await read(path, query);
        if (number === running.current) setFound({ data, path });
      } catch (error) {
        if (number === running.current) setFound({ error, path });
      }
    }, found.path === path ? 80 : 0);
    return () => clearTimeout(timer);
  }, [path, words, version]);
  return found;
}
