// Declared state: what became different since files were applied, applying others, and what there is as files.

import { Permitted } from '../../api/me';
import type { Drift } from '../../api/types';
import { useRead } from '../../api/use';
import { Apply } from './declared/apply';
import { DriftShown } from './declared/drift';
import { Export } from './declared/export';

export function Declared() {
  return (
    <Permitted action="admin.explain" to="see the declared state">
      <Shown />
    </Permitted>
  );
}

function Shown() {
  const reading = useRead<Drift>('/v1/declared/drift');
  return (
    <>
      <DriftShown reading={reading} />
      <Apply applied={reading.again} />
      <Export />
    </>
  );
}
