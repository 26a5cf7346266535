// The coordinator's program, run by a user for whom files can be read-only. Imports are evaluated in their order.
// oxlint-disable-next-line import/no-unassigned-import
import './become-nobody.ts'
// oxlint-disable-next-line import/no-unassigned-import
import '../../apps/coordinator/src/main.ts'
