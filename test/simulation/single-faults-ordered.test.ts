import { describeSingleFaults } from './single-faults.ts';

describeSingleFaults('ordered');
